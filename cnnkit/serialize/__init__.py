"""Arrays and their record on disk, durable and checked; nothing here knows a model."""

"""Arrays and their record on disk, durable and checked, and names from outside as they may be shown.

Nothing here knows a model.
"""

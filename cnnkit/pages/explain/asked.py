"""What a user asked for besides the picture: told in the page, and shown first."""

from cnnkit.engine.explain.attribution import Target
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.pages.texts import Texts


def asked_for(explanation: Explanation, texts: Texts, target: Target | None, layer: str | None) -> list[str]:
    """Sentences; none where nothing was asked for."""
    found = []
    if target is not None:
        found.append(texts("explain.asked.target", label=target.label))
    if layer is not None:
        chosen = [s.maps.channels for s in explanation.within(layer) if s.maps is not None and s.maps.why == "asked"]
        channels = ", ".join(map(str, chosen[0])) if chosen else ""
        found.append(
            texts("explain.asked.channels" if chosen else "explain.asked.layer", layer=layer, channels=channels)
        )
    return found


def first_station(explanation: Explanation, layer: str | None) -> int:
    """Which station the page begins with: of the layer the first with maps as asked for, else the first with maps."""
    stations = explanation.stations if layer is None else explanation.within(layer)
    shown = [station for station in stations if station.maps is not None]
    chosen = [station for station in shown if station.maps is not None and station.maps.why == "asked"]
    return (chosen or shown or stations)[0].number

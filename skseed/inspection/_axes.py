"""Create the axes of a display; the only place that imports matplotlib's pyplot."""

from typing import Any


def pyplot_of(display: object) -> Any:
    """Return ``matplotlib.pyplot``; an ImportError names the class of `display` and the remedy."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        name = type(display).__name__
        raise ImportError(f"{name}.plot needs matplotlib: pip install 'skseed[plot]'.") from error
    return plt


def axes_of(ax: Any, display: object, figsize: tuple[float, float] = (6.4, 4.2)) -> Any:
    """Return `ax`, or the axes of a new figure, without the top and right spines."""
    plt = pyplot_of(display)
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax

"""Pass fit parameters of a meta-ranker to its inner rankers."""

from inspect import signature
from typing import Any

from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import process_routing

from skseed._sklearn import BaseSearchCV


def route_fit_params(
    owner: Any, rankers: dict[str, Any], groups: Any, fit_params: dict[str, Any]
) -> dict[str, Bunch]:
    """Return the parameters of each inner ranker's ``fit``, and of a splitter's ``split``.

    With metadata routing, the requests of the rankers and the splitter decide. Without it, a parameter goes
    to each ranker whose ``fit`` has a parameter of that name; for a pipeline, to its last step. The groups
    also go to the splitter.

    Parameters
    ----------
    owner : estimator
        The meta-ranker, whose ``get_metadata_routing`` names the inner rankers as `rankers` does.
    rankers : dict of str to estimator
        The inner rankers by name.
    groups : array-like of shape (n_samples,) or None
        The groups passed to ``fit``.
    fit_params : dict
        The other parameters passed to ``fit``.

    Returns
    -------
    routed : dict of str to Bunch
        ``routed[name].fit`` for each ranker, and ``routed["splitter"].split``.

    Raises
    ------
    TypeError
        If no ranker accepts a parameter.
    """
    given = fit_params if groups is None else {"groups": groups, **fit_params}
    if get_config()["enable_metadata_routing"]:
        requested = process_routing(owner, "fit", **given)
        routed = {name: Bunch(fit=requested[name].fit) for name in rankers}
        splitter = requested.get("splitter", Bunch())
        return {**routed, "splitter": Bunch(split=splitter.get("split", {}))}
    routed = {name: Bunch(fit=_accepted_params(ranker, given)) for name, ranker in rankers.items()}
    for name in fit_params:
        if not any(_ends_with(name, accepted) for inner in routed.values() for accepted in inner.fit):
            raise TypeError(
                f"{type(owner).__name__}.fit got the parameter {name!r}, but no inner ranker accepts it."
            )
    return {**routed, "splitter": Bunch(split={"groups": groups})}


def _accepted_params(estimator: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that ``fit`` of an estimator accepts by name."""
    if isinstance(estimator, Pipeline):
        step_names = [name for name, _ in estimator.steps]
        of_steps = {name: value for name, value in params.items() if name.split("__")[0] in step_names}
        rest = {name: value for name, value in params.items() if name not in of_steps}
        last_name, last = estimator.steps[-1]
        of_last = _accepted_params(last, rest)
        return {**of_steps, **{f"{last_name}__{name}": value for name, value in of_last.items()}}
    names = set(signature(estimator.fit).parameters)
    if isinstance(estimator, BaseSearchCV):
        # its fit(X, y, **params) takes groups for its splitter
        names.add("groups")
    return {name: value for name, value in params.items() if name in names}


def _ends_with(name: str, accepted: str) -> bool:
    return accepted == name or accepted.endswith(f"__{name}")

"""Writes configuration of other systems from lifecycles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from mdlc.api.located_errors import located
from mdlc.monitoring.render.render_monitoring import Rendered, write
from mdlc.monitoring.render.render_options import OptionValues, check_options

if TYPE_CHECKING:
    from mdlc.api.lifecycle import Lifecycle


def render_monitoring(
    lifecycles: Sequence[Lifecycle], *, out: str | Path, **options: Unpack[OptionValues]
) -> Rendered:
    """Write Prometheus' rules and configuration, Alertmanager's configuration, and dashboards.

    Nothing is removed from the folder.

    Args:
        lifecycles: The lifecycles, which are rendered together.
        out: The folder to write to.
        options: Those of `mdlc render monitoring`, by the same names: `target` (plain, operator,
            all), `namespace`, `trigger_url`, `trigger_token_file`, `predictors`, `alertmanager`,
            `grafana_folder`, `grafana_url`, `docs_url`.

    Returns:
        The files written, those left over from before, and how long Prometheus must keep its data.

    Raises:
        UsageError: an option is invalid.
        SpecError: two lifecycles have the same name.

    Example:
        mdlc.render_monitoring([lifecycle], out="build").files
    """
    checked = check_options([one.name for one in lifecycles], **options)
    # With several files it is unknown which of them an error is about.
    with located(lifecycles[0].file if len(lifecycles) == 1 else None):
        return write([one.definition for one in lifecycles], options=checked, out=Path(out))


def crd_yaml() -> str:
    """Return the CustomResourceDefinition of lifecycles for Kubernetes, as YAML.

    Example:
        >>> crd_yaml().count("kind: CustomResourceDefinition")
        1
    """
    from mdlc.kubernetes.crd.crd_definition import definition
    from mdlc.monitoring.render.yaml_text import to_yaml

    head = "Rendered by mdlc render crd from the model that reads lifecycle files."
    return to_yaml(definition(), head=head).decode()

"""Sections of the file whose keys plug-ins add to: a source has readers, a data check has kinds.

What a plug-in adds is one key, `excel` of a source for example. Its class says what stands under
the key, as a type or a pydantic model, and that model checks the file, gives its part of the JSON
Schema and of the reference. Only the plug-ins that a section names are imported to check it.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import InitErrorDetails

from mdlc.core import plugins
from mdlc.core.errors import SpecError
from mdlc.core.spec.base import RuleError, SpecSection


class SectionKey(ABC):
    """A key that a plug-in adds to a section; the first line of its class' docstring describes it.

    Its name is that of the entry point.
    """

    value: ClassVar[Any]
    """The type of what stands under the key: a pydantic model, or a plain type such as str."""
    absent: ClassVar[Any] = None
    """The value that means the same as leaving the key out, such as False."""

    @classmethod
    def field(cls, name: str) -> tuple[Any, Any]:
        """Return the type and the field of pydantic's that check the value of the key `name`."""
        words = (inspect.getdoc(cls) or "").splitlines()
        kind = cls.value | None if cls.absent is None else cls.value
        return kind, Field(cls.absent, alias=name, description=words[0] if words else "")


class OpenSection(SpecSection):
    """A section with keys of plug-ins beside its own."""

    model_config = ConfigDict(extra="allow")
    group: ClassVar[str]
    """The group of entry points that its further keys come from."""

    @property
    def asked(self) -> dict[str, Any]:
        """The plug-ins' keys that the file gives, each with its checked value, in its order."""
        return dict(self.model_extra or {})

    @classmethod
    def plugin_key(cls, name: str) -> type[SectionKey]:
        """Return the class behind a plug-in's key.

        Raises:
            SpecError: none is installed, it cannot be imported, or it cannot be a key here.
        """
        found = plugins.load(cls.group, name)
        if not (isinstance(found, type) and issubclass(found, SectionKey)):
            plugin = plugins.find(cls.group, name)
            raise SpecError(f"{plugin} is no class of a {plugins.NOUNS[cls.group]}")
        if name in super().known_keys():
            plugin = plugins.find(cls.group, name)
            raise SpecError(
                f"{plugin} has a name that is a key of the section already",
                hint=f"uninstall {plugin.distribution}",
            )
        return found

    @classmethod
    def known_keys(cls) -> list[str]:
        """Return the section's own keys and those of the installed plug-ins."""
        return [*super().known_keys(), *plugins.names(cls.group)]

    @classmethod
    def type_of(cls, key: str) -> Any:
        """Return the annotation of what stands under a key, None for a key that is not known."""
        if key in plugins.names(cls.group):
            return cls.plugin_key(key).field(key)[0]
        return super().type_of(key)

    @classmethod
    def fields_of_plugins(cls) -> dict[str, FieldInfo]:
        """Return key -> field, of all plug-ins that are installed.

        Raises:
            SpecError: one of them cannot be imported, or cannot be a key here.
        """
        fields = cls.keys_model(tuple(plugins.names(cls.group))).model_fields.values()
        return {field.alias or "": field for field in fields}

    @classmethod
    def keys_model(cls, names: tuple[str, ...]) -> type[BaseModel]:
        """Return a pydantic model that has the keys of these plug-ins as fields."""
        return _keys_model(cls, tuple((name, cls.plugin_key(name)) for name in names))

    @model_validator(mode="before")
    @classmethod
    def _read_keys(cls, given: Any) -> Any:
        """Check the plug-ins' keys, each with its own model; keys that mean nothing are left out.

        What pydantic says of a value passes through with its place.
        """
        if not isinstance(given, dict):
            return given
        own = set(super().known_keys())
        added = {key: value for key, value in given.items() if key not in own}
        known = plugins.names(cls.group)
        unknown = [
            InitErrorDetails(type="extra_forbidden", loc=(key,), input=value)
            for key, value in added.items()
            if key not in known
        ]
        if unknown:
            raise ValidationError.from_exception_data(cls.__name__, unknown)
        for key in added:
            try:
                cls.plugin_key(key)
            except SpecError as error:
                raise RuleError(f"{error.message}; {error.hint}", key) from error
        checked = cls.keys_model(tuple(sorted(added))).model_validate(added)
        values = {key: getattr(checked, _attribute(key)) for key in added}
        wanted = {k: v for k, v in values.items() if v != cls.plugin_key(k).absent}
        return {key: value for key, value in given.items() if key in own} | wanted

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the keys of the installed plug-ins."""
        made = handler(core_schema)
        section = handler.resolve_ref_schema(made)
        section["additionalProperties"] = False
        keys = cls.keys_model(tuple(plugins.names(cls.group)))
        added = handler.resolve_ref_schema(handler(keys.__pydantic_core_schema__))
        section["properties"] = {**added["properties"], **section["properties"]}
        return made


def _attribute(key: str) -> str:
    """Return a field's name for a key: pydantic keeps some names, such as json, to itself."""
    return f"key_{key}"


@functools.cache
def _keys_model(
    section: type[OpenSection], keys: tuple[tuple[str, type[SectionKey]], ...]
) -> type[BaseModel]:
    fields: dict[str, Any] = {_attribute(name): key.field(name) for name, key in keys}
    made: type[BaseModel] = create_model(
        f"{section.__name__}Keys", __config__=SpecSection.model_config, **fields
    )
    return made

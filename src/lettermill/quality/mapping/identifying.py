"""Which identifiers a raw row names by what its source declares: its mapping knows ids by any name and in any place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lettermill.identifiers import identifier, identifiers_as_written, identifiers_in, parsed
from lettermill.quality.mapping.language import PayloadMapping
from lettermill.quality.mapping.one_payload import Payload, payload_of
from lettermill.telephone_numbers import is_region

KINDS_OF_FIELDS: Mapping[str, tuple[str, ...]] = {
    "record_id": ("record",),
    "customer_id": ("customer_id",),
    "user_id": ("customer_id",),
    "anonymous_id": ("anonymous_id",),
    "previous_id": ("customer_id", "anonymous_id"),
    "email": ("email",),
    "phone": ("phone",),
    "properties.device_id": ("device",),
    "properties.email": ("email",),
    "properties.phone": ("phone",),
    "properties.record": ("record",),
}
"""Canonical fields that hold an identifier, of which kinds."""


@dataclass(frozen=True)
class RowReader:
    """Reads raw rows: by their keys, and by the mapping of their source where it is declared.

    `region` is the country (ISO 3166-1 alpha-2) of telephone numbers in rows that name none, as it is for profiles.
    """

    mappings: Mapping[str, PayloadMapping]
    region: str

    def __call__(self, raw: str | bytes, *, source: str) -> set[str]:
        """Every identifier that a row of `source` names."""
        content = parsed(raw)
        mapping = self.mappings.get(source)
        if mapping is None:
            return identifiers_in(content, source=source, region=self.region)
        payload = payload_of(content, mapping)
        country = (payload.text(mapping.fields.get("country")) or "").strip().upper()
        region = country if is_region(country) else self.region
        found = set(_mapped(payload, mapping, source=source, region=region))
        for whole in (content, *payload.instead.values()):
            found |= identifiers_in(whole, source=source, region=region)
        return found


def _mapped(payload: Payload, mapping: PayloadMapping, *, source: str, region: str) -> Iterator[str]:
    for field, kinds in KINDS_OF_FIELDS.items():
        value = (payload.text(mapping.fields.get(field)) or "").strip()
        if not value:
            continue
        for kind in kinds:
            if field == "record_id":
                yield identifier(kind, f"{source}/{value}")
            else:
                yield from identifiers_as_written(kind, value, region=region)

"""What was planted in the CRM's files, as frames."""

from collections.abc import Sequence

import pandas as pd

from demo.crm import Crm
from demo.faults import Faults
from demo.people import Person


def people_truth(crm: Crm, everyone: Sequence[Person], faults: Faults) -> pd.DataFrame:
    """One row per CRM row id: rows of one `person` are the same human. `kind`: first, same email, same customer_id."""
    kinds = [(entry, "first") for entry in crm.first]
    kinds += [(entry, faults.duplicates[entry.person]) for entry in crm.second]
    rows = [(entry.record["record_id"], entry.person, kind) for entry, kind in kinds]
    people = pd.DataFrame(
        [(person.key, person.customer_id, person.is_signup) for person in everyone],
        columns=["person", "customer_id", "is_signup"],
    )
    truth = pd.DataFrame(rows, columns=["record_id", "person", "kind"]).merge(people, on="person")
    return truth.sort_values("record_id", ignore_index=True)


def address_truth(crm: Crm, faults: Faults) -> pd.DataFrame:
    """One row per spoilt address: kind typo, missing or invalid; `right` is null where nobody can tell."""
    rows = [
        (entry.record["record_id"], entry.person, spoilt.kind, spoilt.written, spoilt.right)
        for entry in crm.first
        if (spoilt := faults.addresses.get(entry.person))
    ]
    return pd.DataFrame(rows, columns=["record_id", "person", "kind", "wrong", "right"])


def missing_name_truth(crm: Crm, faults: Faults) -> pd.DataFrame:
    """One row per record without first name, last name or both."""
    rows = [
        (entry.record["record_id"], entry.person, kind)
        for entry in crm.first
        if (kind := faults.missing_names.get(entry.person))
    ]
    return pd.DataFrame(rows, columns=["record_id", "person", "kind"])


def conflict_truth(crm: Crm) -> pd.DataFrame:
    """One row per attribute that a later file changed; values as text."""
    rows = [
        (
            record["record_id"],
            entry.person,
            entry.changed,
            str(entry.before),
            str(record[entry.changed]),
            record["updated_at"],
        )
        for entry in crm.changes
        for record in [entry.record]
        if entry.changed and entry.changed != "email_consent"
    ]
    return pd.DataFrame(rows, columns=["record_id", "person", "attribute", "before", "after", "changed_at"])


def consent_truth(crm: Crm) -> pd.DataFrame:
    """One row per person: both consents at the end of the year (null is unknown), and when mail was withdrawn."""
    withdrawn = {entry.person: entry.record["updated_at"] for entry in crm.changes if entry.changed == "email_consent"}
    rows = [
        (
            entry.person,
            "denied" if entry.person in withdrawn else entry.record["email_consent"],
            entry.record["profiling_consent"],
            withdrawn.get(entry.person),
        )
        for entry in crm.first
    ]
    return pd.DataFrame(rows, columns=["person", "email_consent", "profiling_consent", "withdrawn_at"])

"""Records that are probably one person though they share no identifier: by names, year of birth and postcode.

The model is Fellegi and Sunter's ("A Theory for Record Linkage", JASA 1969) as splink computes it, in DuckDB. How often
two records of one person agree is stated here; how often two of different persons do is estimated from the data, with
a seed, so that the same records give the same suggestions. Common names count less than rare ones.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from lettermill.errors import PlatformError

SAMPLED_PAIRS = 1_000_000
SEED = 7
DOUBLED_SHARE = 0.05
"""Share of persons expected to have a second record: the model's prior."""
MATCHED_BY = ("first_name", "last_name", "birth_year", "postcode")
COMPARED = pa.schema([(name, pa.string()) for name in ("record", *MATCHED_BY)])


class Suggestion(NamedTuple):
    """Two records, in order, and how probable it is that they are one person."""

    record: str
    other_record: str
    probability: float


def suggested(records: pa.Table, *, above: float) -> list[Suggestion]:
    """Pairs of `records` (columns COMPARED) that are probably one person.

    Only pairs that agree in two of surname, first name, postcode and year of birth are looked at. Raises PlatformError
    where splink is not installed.
    """
    if records.num_rows < 2:
        return []
    linker = _linker(records)
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS + 1, seed=SEED)
    pairs = linker.inference.predict(threshold_match_probability=above).as_pandas_dataframe()
    return sorted(_suggestions(pairs))


def _suggestions(pairs: Any) -> Iterator[Suggestion]:
    for one, other, probability in zip(pairs["record_l"], pairs["record_r"], pairs["match_probability"], strict=True):
        first, second = sorted((one, other))
        yield Suggestion(first, second, round(float(probability), 6))


def _linker(records: pa.Table) -> Any:
    try:
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
        from splink import comparison_library as compare
    except ImportError:
        raise PlatformError(
            "splink is not installed, and suggesting matches needs it", mend="install the extra: lettermill[matching]"
        ) from None
    names = [
        compare.JaroWinklerAtThresholds(name, [0.92, 0.8]).configure(
            term_frequency_adjustments=True, m_probabilities=[0.85, 0.08, 0.04, 0.03]
        )
        for name in ("first_name", "last_name")
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        probability_two_random_records_match=min(0.5, 2 * DOUBLED_SHARE / records.num_rows),
        comparisons=[
            *names,
            compare.LevenshteinAtThresholds("birth_year", 1).configure(m_probabilities=[0.9, 0.05, 0.05]),
            compare.LevenshteinAtThresholds("postcode", 1).configure(m_probabilities=[0.8, 0.05, 0.15]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("last_name", "birth_year"),
            block_on("last_name", "postcode"),
            block_on("first_name", "postcode"),
            block_on("postcode", "birth_year"),
        ],
    )
    return Linker(DuckDBAPI().register(records), settings, log_level="ERROR")

"""Today's results on real catalogues, and our results with the same configurations."""

from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.combine import CombineConfiguration, Combined, FlagsTranslation, combine_redshifts, load_configuration

__all__ = ["GOLDEN", "combined_with", "needs_golden", "tables_of", "todays_rules"]

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "data" / "golden"

needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the golden results are not beside the project")


@cache
def todays_rules() -> FlagsTranslation:
    """Read the rules of today's pipeline."""
    return FlagsTranslation.from_yaml((GOLDEN / "flags_translation.yaml").read_bytes())


def combined_with(name: str, *, default_rules: bool = False, reverse: bool = False) -> Combined:
    """Combine the inputs of one golden configuration."""
    configuration = load_configuration(GOLDEN / "configs" / f"{name}.yaml")
    if reverse:
        inputs = configuration.inputs.model_copy(update={"specz": configuration.inputs.specz[::-1]})
        configuration = configuration.model_copy(update={"inputs": inputs})
    rules = FlagsTranslation.default() if default_rules else todays_rules()
    return combine_redshifts(tables_of(configuration), configuration, rules=rules)


def tables_of(configuration: CombineConfiguration) -> dict[str, pa.Table]:
    """Read the inputs of a golden configuration."""
    tables: dict[str, pa.Table] = {}
    for entry in configuration.inputs.specz:
        table = pq.read_table(GOLDEN / entry.path)
        tables[entry.internal_name] = table.drop([c for c in table.column_names if c.startswith("__index")])
    return tables

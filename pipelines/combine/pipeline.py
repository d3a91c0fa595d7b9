"""`Pipeline` implementation of Combine Redshift Catalogs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidValueError
from pipelines.combine.combination import combine_redshifts
from pipelines.combine.configuration import (
    CatalogueInput,
    CombineConfiguration,
    CombineParameters,
    load_configuration,
    rules_text,
)
from pipelines.combine.gathering import Spill
from pipelines.combine.projection import columns_needed
from pipelines.combine.report import CombineReport
from pipelines.combine.rules import FlagsTranslation
from pipelines.combine.run_report import run_report
from pipelines.declarations import InputSlot, ParameterHint, RulesFile
from pipelines.inputs.configuration import entry_of, format_of, refuse_meanings
from pipelines.inputs.rows import OpenRows, projected
from pipelines.models import Pipeline, PipelineResult, RunInputs, RunRequest, Work
from pipelines.outputs.reports import RunReport

__all__ = ["CombineRedshiftCatalogs"]

#: Meanings of the columns that are read of a catalogue.
_MEANINGS = (
    "id", "ra", "dec", "z", "z_flag", "z_err", "survey", "instrument_type", "z_flag_homogenized",
    "instrument_type_homogenized",
)  # fmt: skip
#: Meanings of the columns of the result.
_RESULT = {
    "id": "CRD_ID",
    "z_flag": "z_flag_homogenized",
    **{key: key for key in ("ra", "dec", "z", "z_err", "survey")},
}
_COMBINE_TYPES = {
    "concatenate": "Duplicates are left as they are.",
    "concatenate_and_mark_duplicates": "Duplicates are marked: see `tie_result`, `tie_reason` and `group_id`.",
    "concatenate_and_remove_duplicates": "Duplicates are removed.",
}
_TIES = {
    "remove_all": "If no rule decides between rows of one object, none of them is kept.",
    "keep_all": "If no rule decides between rows of one object, all of them are kept.",
    "draw_one": "If no rule decides between rows of one object, one of them is drawn at random.",
}
_RULES = RulesFile(
    "flags_translation.yaml",
    "Flags translation file",
    "Rules of surveys in YAML; by default the rules of this server.",
)
_FORM = {
    "combine_type": ParameterHint(
        "Duplicates",
        words={
            "concatenate": "Leave them alone",
            "concatenate_and_mark_duplicates": "Mark them",
            "concatenate_and_remove_duplicates": "Remove them",
        },
    ),
    "tie_treatment_option": ParameterHint(
        "Undecided duplicates",
        words={
            "remove_all": "Remove all of them",
            "keep_all": "Keep all of them",
            "draw_one": "Keep one, drawn at random",
        },
    ),
    "random_seed": ParameterHint(advanced=True),
    "z_flag_homogenized_value_to_cut": ParameterHint(
        "Minimum quality flag",
        choices=(("", "Keep all"), *((str(flag), f"{flag} and above") for flag in (1, 2, 3, 4))),
    ),
    "extra_columns": ParameterHint(advanced=True),
    "flags_translation_file": ParameterHint(hidden=True),
    "insert_DP1_footprint_flag": ParameterHint("Flag Data Preview 1"),
    "insert_rubin_footprint_flag": ParameterHint("Flag the LSST footprint"),
    "crossmatch_radius_arcsec": ParameterHint("Radius (arcsec)"),
    "delta_z_threshold": ParameterHint("Redshifts agree within", advanced=True),
    "tiebreaking_priority": ParameterHint("Columns that decide", advanced=True),
    "drop_empty_columns": ParameterHint(advanced=True),
    "prepare_max_inflight": ParameterHint(hidden=True),
    "auto_cross_max_inflight": ParameterHint(hidden=True),
    "cross_max_inflight": ParameterHint(hidden=True),
}


class CombineRedshiftCatalogs(Pipeline[CombineConfiguration]):
    """Combine redshift catalogues into one."""

    id = 2
    name = "combine_redshift_dedup"
    display_name = "Combine Redshift Catalogs"
    description = (
        "Combines several catalogues into one with homogenised quality flags and instrument types, and finds the rows "
        "that are one object."
    )
    product_type = "redshift_catalog"
    configuration = CombineConfiguration
    parameters = CombineParameters
    inputs = InputSlot("redshift catalogue", ("redshift_catalog",), "specz")
    rules = _RULES
    form = _FORM

    def load(self, path: Path) -> CombineConfiguration:
        """Read a configuration file; raises InvalidValueError."""
        return load_configuration(path)

    def check_rules(self, text: str) -> None:
        """Check a flags translation file; raises InvalidValueError."""
        FlagsTranslation.from_yaml(text, _RULES.name)

    def configure(self, request: RunRequest, inputs: RunInputs) -> CombineConfiguration:
        """Return the configuration of a run on the server.

        Raises
        ------
        InvalidValueError
            The parameters name a rules file that was not sent along, or a column has an unknown meaning.
        """
        refuse_meanings(request.columns, request.columns.keys(), _MEANINGS)
        file = request.param.get("flags_translation_file")
        if file is not None and request.rules is None:
            raise InvalidValueError(
                f"'flags_translation_file' names {file}, which this server does not have; send its text as RULES (it "
                "is among the results of a run), or leave it out for the rules of this server.",
                field="flags_translation_file",
            )
        return CombineConfiguration.model_validate(
            {
                "inputs": {"specz": [entry_of(each, _MEANINGS) for each in inputs.catalogues]},
                "output_format": format_of(request.output_format, inputs.catalogues),
                "param": dict(request.param) | {"flags_translation_file": _RULES.name if request.rules else None},
            }
        )

    def run(self, work: Work[CombineConfiguration]) -> PipelineResult:
        """Combine the catalogues; one is read at a time, in batches."""
        configuration = work.configuration
        text = rules_text(configuration, work.read_rules)
        rules = FlagsTranslation.from_yaml(text, configuration.param.flags_translation_file or _RULES.name)

        def opener_of(entry: CatalogueInput) -> OpenRows:
            return lambda: projected(
                work.open_rows(entry), lambda names: columns_needed(entry, configuration.param, rules, names)
            )

        made = combine_redshifts(
            {entry.internal_name: opener_of(entry) for entry in configuration.inputs.specz},
            configuration,
            rules=rules,
            progress=work.progress,
            spill=Spill(work.scratch, work.rows_in_memory, work.runner),
        )
        names = made.table.column_names
        meanings = {key: column for key, column in _RESULT.items() if column in names}
        # The rules become a file of the result: those of this server may be others tomorrow.
        param = made.configuration.param.model_copy(update={"flags_translation_file": _RULES.name})
        decided = made.configuration.model_copy(update={"param": param})
        return PipelineResult(made.table, made.report, meanings, tuple(made.report.warnings), decided, text)

    def describe(self, configuration: CombineConfiguration, inputs: RunInputs) -> str:
        """Describe the result in Markdown."""
        param = configuration.param
        sentences = [_COMBINE_TYPES[param.combine_type]]
        if param.combine_type == "concatenate_and_remove_duplicates":
            sentences.append(_TIES[param.tie_treatment_option])
        if param.z_flag_homogenized_value_to_cut:
            cut = f"{param.z_flag_homogenized_value_to_cut:g}"
            sentences.append(f"Rows have a homogenised quality flag of at least {cut}.")
        return f"Combined redshift catalogues:\n\n{inputs.catalogue_list}\n\n{' '.join(sentences)}"

    def report(self, values: Mapping[str, Any]) -> RunReport:
        """Return the report for its page."""
        return run_report(CombineReport.model_validate(values))

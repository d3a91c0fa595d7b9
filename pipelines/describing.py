"""The description that the result of a run gets, in Markdown, when its owner gives none."""

from pipelines.checks import CheckedRun
from pipelines.combine.configuration import CombineConfiguration
from pipelines.training.configuration import TrainingSetConfiguration

__all__ = ["description_of"]

_COMBINE_TYPES = {
    "concatenate": "Duplicates are left as they are.",
    "concatenate_and_mark_duplicates": "Duplicates are marked: see `tie_result`, `tie_reason` and `group_id`.",
    "concatenate_and_remove_duplicates": "Duplicates are removed.",
}
_TIES = {
    "remove_all": "Where no rule decides between rows of one object, none of them is kept.",
    "keep_all": "Where no rule decides between rows of one object, all of them are kept.",
    "draw_one": "Where no rule decides between rows of one object, one of them is drawn by lot.",
}


def description_of(checked: CheckedRun) -> str:
    """Describe what a run makes, of what, and how."""
    inputs = "\n".join(f"- {each.label} (`{each.name}`)" for each in checked.redshifts)
    configuration = checked.configuration
    if isinstance(configuration, CombineConfiguration):
        return f"Combined redshift catalogues:\n\n{inputs}\n\n{_combined(configuration)}"
    return f"Training set of the redshifts of\n\n{inputs}\n\n{_trained(checked, configuration)}"


def _combined(configuration: CombineConfiguration) -> str:
    param = configuration.param
    said = [_COMBINE_TYPES[param.combine_type]]
    if param.combine_type == "concatenate_and_remove_duplicates":
        said.append(_TIES[param.tie_treatment_option])
    if param.z_flag_homogenized_value_to_cut:
        said.append(f"Rows have a homogenised quality flag of at least {param.z_flag_homogenized_value_to_cut:g}.")
    return " ".join(said)


def _trained(checked: CheckedRun, configuration: TrainingSetConfiguration) -> str:
    param = configuration.param
    if checked.objects is not None:
        objects = f"{checked.objects.label} (`{checked.objects.name}`)"
    else:
        objects = f"the release {checked.release.display_name if checked.release else ''} ({param.flux_type})"
    number = param.crossmatch.n_neighbors
    nearest = "the nearest object" if number == 1 else f"up to {number} nearest objects"
    return (
        f"Each redshift has {nearest} of {objects} within {param.crossmatch.radius_arcsec:g} arcseconds. "
        f"`is_training_set` is 1 for {100 * param.train_fraction:g} % of the rows, and 0 for those for validation."
    )

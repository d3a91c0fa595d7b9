"""Sentences about positions that are not ICRS degrees: what was not decided, and what a column cannot be."""

from collections.abc import Iterator, Sequence

from core.columns import Column
from products.inspection.naming import name_score
from products.inspection.position_forms import PositionForm

__all__ = ["column_problem", "form_words", "open_question", "text_positions"]

_TELLING_NAME = 0.8
_UNITS = {
    "deg": "degrees",
    "hourangle": "hours",
    "rad": "radians",
    "arcmin": "arcminutes",
    "arcsec": "arcseconds",
    "mas": "milliarcseconds",
}


def open_question(forms: Sequence[PositionForm]) -> str | None:
    """Return the question that only the owner can answer; None when the best form is certain or there is none.

    Parameters
    ----------
    forms
        The recognised forms, the best first.
    """
    if not forms or forms[0].certain:
        return None
    best = forms[0]
    others = [form_words(form) for form in forms[1:] if form.columns == best.columns]
    alternatives = " or ".join(dict.fromkeys([form_words(best), *others]))
    names = ", ".join(f"'{name}'" for name in best.columns if name)
    return (
        f"The positions in {names} may be {alternatives} ({best.reason}). Say what they are: with the columns, or with "
        "the option position of the table."
    )


def column_problem(
    ra: str, dec: str, forms: Sequence[PositionForm], derived: Sequence[str], *, form: PositionForm | None
) -> str | None:
    """Return why two columns cannot be right ascension and declination in ICRS degrees, or None.

    Parameters
    ----------
    forms
        The recognised forms, the best first.
    derived, form
        The derived columns, and the form from which they were computed.
    """
    if (ra, dec) == tuple(derived):
        return None
    known = [form, *forms] if form is not None else list(forms)
    of_pair = next((each for each in known if each.columns == (ra, dec)), None)
    if of_pair is not None and not of_pair.certain:
        return open_question([of_pair, *(each for each in known if each is not of_pair)])
    wrong = of_pair or next((each for each in known if each.certain and {ra, dec} & set(each.columns)), None)
    if wrong is None or wrong.is_plain:
        return None
    name = next(each for each in (ra, dec) if each in wrong.columns)
    advice = f"choose '{derived[0]}' and '{derived[1]}', which were computed" if derived else "convert them"
    return (
        f"The columns {_listed(wrong)} hold positions in {form_words(wrong)} ({wrong.reason}), so that '{name}' is not "
        f"in ICRS degrees: {advice}."
    )


def text_positions(columns: Sequence[Column], forms: Sequence[PositionForm], proposed: Sequence[str]) -> Iterator[str]:
    """Yield sentences about coordinates in text that no form explains.

    Parameters
    ----------
    proposed
        Meanings for which columns are proposed.
    """
    explained = {name for form in forms for name in form.columns}
    for key, words in (("ra", "right ascension"), ("dec", "declination")):
        if key in proposed:
            continue
        for column in columns:
            if column.is_text and column.name not in explained and name_score(column.name, key) >= _TELLING_NAME:
                yield (
                    f"The column '{column.name}' seems to hold the {words} as text that is not understood: rows are "
                    "placed on the sky only by numbers in degrees, or by sexagesimal text."
                )
                break


def form_words(form: PositionForm) -> str:
    """Return the units and the frame of a form in words."""
    units = dict.fromkeys(_UNITS[unit] for unit in form.units)
    return f"{' and '.join(units)}, {form.frame.upper()}{f' {form.equinox}' if form.equinox else ''}"


def _listed(form: PositionForm) -> str:
    return ", ".join(f"'{name}'" for name in form.columns if name)

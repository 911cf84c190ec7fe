"""One person's photos, read by their expressions, for a patient's sheet."""

from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from ..datasets.files import is_simulated, read_list
from ..datasets.folder import expression_in_name, load_folder
from ..errors import BadSettingError
from ..face.schemes import EXPRESSIONS


def load_person(folder, name=None):
    """Read one person's photos, one for each expression.

    Parameters
    ----------
    folder : path-like
        The photos. A CSV in it with the columns ``path`` and ``expression`` says what each shows; else their names do ("open
        smile.jpg", or ``_1`` to ``_8`` at the end as in the MEEI set); else, if no name does, their order: that of
        :data:`bp_research.face.schemes.EXPRESSIONS`.
    name : str, optional
        Name or code of the person; default the folder's.

    Returns
    -------
    PhotoSet
        ``simulated`` if ``SIMULATED.txt`` lies in the folder or up to three above it. Expressions that only the order
        tells are listed in ``problems``.

    Raises
    ------
    BadSettingError
        If there is no such folder or no photo in it, an expression is unknown, missing or comes twice, or a photo that
        the CSV names is not there.
    """
    folder = Path(folder).expanduser().resolve()
    own, lists = load_folder(folder), sorted(folder.glob("*.csv"))
    shown = {photo.photo_id: expression_in_name(photo.path.stem) for photo in own}
    if lists:
        shown = dict(read_list(lists[0], ["path", "expression"], BadSettingError).to_numpy())
    own = own.select(shown)
    if by_order := not any(shown.values()):
        shown = {photo: expression for expression, photo in zip_longest(EXPRESSIONS, shown) if photo}
    for photo, expression in shown.items():
        if expression not in EXPRESSIONS:
            shows = f"{photo} shows {expression or 'no known expression'}"
            raise BadSettingError(f"{shows}: names or a CSV say one of {', '.join(EXPRESSIONS)}")
        if list(shown.values()).count(expression) > 1:
            raise BadSettingError(f"{folder} has two photos of {expression}: a sheet takes one of each expression")
        if by_order:
            own.problems.loc[len(own.problems)] = "expression by order", photo, f"taken as: {expression}"
    own.name = f"photos of {name or folder.stem}"
    about = {"dataset": own.name, "patient_id": name or folder.stem}
    own.photos = [replace(photo, expression=shown[photo.photo_id], **about) for photo in own]
    own.simulated = is_simulated(folder)
    return own

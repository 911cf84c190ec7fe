"""What the page must know of the package: one description, and the nets as the browser's LiteRT takes them."""

import zipfile

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from .. import __version__
from ..clinical.eface import CLOSED_MM, DYNAMIC, ITEMS, STATIC
from ..clinical.measures import IRIS_DIAMETER_MM
from ..face import schemes
from ..face.measures import DICTIONARY, LIP_SMOOTHING, MEASURES, QUANTITIES, SMOOTHING
from ..landmarks.facemesh import MESH_TO_68
from ..landmarks.files import model_path
from ..landmarks.iris import CLOSED
from ..landmarks.pose import STABLE, mean_mesh
from ..people.healthy_norms import (
    ALL_AGES,
    COMPOSITE,
    COPIES,
    SINGLE,
    asymmetry_scale,
    healthy_reference,
    read_norms,
)

#: Of the bundle's nets those that find a face and its points.
NETS = ("face_detector.tflite", "face_landmarks_detector.tflite")
#: Larger photos are refused: a phone's browser has no memory for them.
MAX_MEGAPIXELS = 64


def describe():
    """What the page measures with, as JSON holds it.

    Returns
    -------
    dict
        ``points``: correspondence, mirror pairs and lines of the 68 points, and the vertices that tell the head's turn;
        ``measures``: name, columns and unit of each, the curves' smoothing; ``eface``: items, by measure and expressions;
        ``healthy``: for each expression of which there are norms, the composite score's units (``scale``), sorted values of
        healthy people (``reference``) and the ``ranges`` that hold 95 % of them; ``version``.
    """
    stable = mean_mesh()[0][STABLE]
    first = DICTIONARY.drop_duplicates("measure").set_index("measure")
    measures = [{"name": m, "unit": first.at[m, "unit"], "dimension": int(first.at[m, "dimension"])} for m in MEASURES]
    sided = set(DICTIONARY.loc[DICTIONARY["column"] == "left", "measure"])
    return {
        "version": __version__,
        "max_megapixels": MAX_MEGAPIXELS,
        "expressions": schemes.EXPRESSIONS,
        "regions": schemes.REGIONS,
        "points": {
            "mesh_to_68": MESH_TO_68.tolist(),
            "mirror": schemes.MIRROR_68.tolist(),
            "outlines": [line.tolist() for line in schemes.FACE_OUTLINES],
            "stable": STABLE,
            "stable_mean": stable.tolist(),
            "closed": CLOSED,
        },
        "measures": [one | {"sided": one["name"] in sided} for one in measures],
        "smoothing": {"lids": SMOOTHING, "lips": LIP_SMOOTHING},
        "iris_diameter_mm": IRIS_DIAMETER_MM,
        "eface": {"items": ITEMS, "static": STATIC, "dynamic": DYNAMIC, "closed_mm": CLOSED_MM},
        "healthy": _healthy(),
    }


def nets():
    """The nets by name, bytes, with a batch of one: LiteRT in browsers refuses a batch of any size.

    Raises
    ------
    ModelNotFoundError, BadModelError
        As :func:`bp_research.landmarks.files.model_path`.
    """
    with zipfile.ZipFile(model_path("FaceMesh")) as bundle:
        return {name: _with_fixed_shapes(bundle.read(name)) for name in NETS}


def _with_fixed_shapes(content):
    net = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for tensor in (tensor for part in net.subgraphs for tensor in part.tensors):
        tensor.shapeSignature = None
    builder = flatbuffers.Builder(len(content))
    builder.Finish(net.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _healthy():
    # a single reading scores against single readings; of the clinical measures there are medians of copies only
    norms, healthy = {reading: read_norms(reading=reading, age=ALL_AGES) for reading in (SINGLE, COPIES)}, {}
    reference = healthy_reference(norms[SINGLE]).set_index("expression").round(6)
    for expression, rows in norms[SINGLE].groupby("expression", sort=False):
        limits = norms[COPIES][norms[COPIES]["expression"] == expression].set_index("measure")[["p2.5", "p97.5"]]
        healthy[expression] = {
            "people": int(rows["n"].max()),
            "scale": asymmetry_scale(rows).tolist(),
            "reference": {name: reference.loc[expression, name].tolist() for name in (COMPOSITE, *schemes.REGIONS)},
            "ranges": limits.loc[limits.index.isin(QUANTITIES)].T.to_dict("list"),
        }
    return healthy

"""What the page must know of the package: one description, and the nets as the browser's LiteRT takes them."""

import zipfile

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from .. import __version__, grading
from ..clinical import eface
from ..clinical.measures import IRIS_DIAMETER_MM
from ..face import geometry, measures, schemes
from ..landmarks import facemesh, pose, quality
from ..landmarks.files import model_path
from ..landmarks.iris import CLOSED
from ..paths import models_dir
from ..people.healthy_norms import ALL_AGES, COMPOSITE, COPIES, SINGLE, asymmetry_scale, healthy_reference, read_norms

#: Larger photos are refused: a phone's browser has no memory for them.
MAX_MEGAPIXELS = 64

_LIMITS = ("TURNED", "SMALL", "LEAST_AREA", "BLURRED", "UNLIKE", "PALE", "LESS_RED")


def describe():
    """What the page measures with, as JSON holds it.

    Returns
    -------
    dict
        ``mesh``: where it is looked for, and its correspondence with the 68 points; ``stable``: the vertices that tell the
        head's turn; ``measures``: name, first column, unit and dimension of each; constants by their names in lower case, of
        modules with several in a dict: ``features`` that graders take, ``eface``, and ``quality``, limits beyond which a photo
        is not fit; ``graders`` that were trained on people; ``healthy``: for each expression of which there are norms, the
        composite score's units (``scale``), sorted values of healthy people (``reference``) and the ``ranges`` that hold
        95 % of them. Arrays are left as they are.
    """
    graders = map(grading.describe, map(grading.load_model, sorted(models_dir().glob("*.grader.json"))))
    return {
        "version": __version__,
        "max_megapixels": MAX_MEGAPIXELS,
        "iris_diameter_mm": IRIS_DIAMETER_MM,
        "measures": measures.DICTIONARY.drop_duplicates("measure").to_dict("records"),
        "mesh": _constants(facemesh, "LOOKS", "SURE", "BELIEVED", "ANCHORS", "MESH_TO_68") | {"closed": CLOSED},
        "stable": {"vertices": pose.STABLE, "mean": pose.mean_mesh()[0][pose.STABLE]},
        **_constants(schemes, "EXPRESSIONS", "REGIONS", "MIRROR_68", "FACE_OUTLINES"),
        **_constants(measures, "SMOOTHING", "LIP_SMOOTHING"),
        "features": _constants(geometry, "TO_51", "PAIRS", "PERIMETERS", "CLOSED_EYE", "FEATURE_FORMULAS"),
        "eface": _constants(eface, "ITEMS", "STATIC", "DYNAMIC", "CLOSED_MM"),
        "quality": _constants(quality, *_LIMITS) | {"mean_parts": quality.mean_parts().round(6)},
        "graders": [grader for grader in graders if not grader["simulated"]],  # those mean nothing for people
        "healthy": _healthy(),
    }


def _constants(module, *names):
    return {name.lower(): getattr(module, name) for name in names}


def nets():
    """The nets by name, bytes, with a batch of one: LiteRT in browsers refuses a batch of any size.

    Raises
    ------
    ModelNotFoundError, BadModelError
        As :func:`bp_research.landmarks.files.model_path`.
    """
    with zipfile.ZipFile(model_path("FaceMesh")) as bundle:
        names = ("face_detector.tflite", "face_landmarks_detector.tflite")
        return {name: _with_fixed_shapes(bundle.read(name)) for name in names}


def _with_fixed_shapes(content):
    net = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for tensor in (tensor for part in net.subgraphs for tensor in part.tensors):
        tensor.shapeSignature = None
    builder = flatbuffers.Builder(len(content))
    builder.Finish(net.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _healthy():
    # a single reading scores against single readings; of the clinical measures there are medians of copies only
    single, copies = read_norms(reading=SINGLE, age=ALL_AGES), read_norms(reading=COPIES, age=ALL_AGES)
    reference, healthy = healthy_reference(single).set_index("expression").round(6), {}
    for expression, rows in single.groupby("expression", sort=False):
        ranges = copies[(copies["expression"] == expression) & copies["measure"].isin(measures.QUANTITIES)]
        told = reference.loc[expression, [COMPOSITE, *schemes.REGIONS]]
        healthy[expression] = {
            "people": len(told),
            "scale": asymmetry_scale(rows).tolist(),
            "reference": told.to_dict("list"),
            "ranges": ranges.set_index("measure")[["p2.5", "p97.5"]].T.to_dict("list"),
        }
    return healthy

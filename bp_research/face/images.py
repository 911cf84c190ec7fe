"""Photos as arrays: read from a path, bytes or an array, upright, always ``(H, W, 3)`` uint8 in BGR order."""

import io
import re
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import BadSettingError, UnreadableImageError

#: Larger photos are refused before they are decoded: three bytes a pixel would fill the memory.
MAX_MEGAPIXELS = 300

#: Suffixes of files that are taken for photos in a folder; phones' HEIC is not read, but must not go unnoticed.
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".heic", ".heif")


def read_image(source):
    """Read a photo, turned upright by its EXIF orientation.

    Parameters
    ----------
    source : path-like, bytes, ndarray or PIL.Image.Image
        A file, a file's content, or pixels: uint8 ``(H, W)`` grey, ``(H, W, 3)`` BGR or ``(H, W, 4)`` BGR and alpha. Of an
        animation the first frame is read; 16-bit files are reduced to 8 bits; alpha is dropped.

    Returns
    -------
    ndarray (H, W, 3) uint8
        Blue, green, red.

    Raises
    ------
    UnreadableImageError
        If the file is missing, empty, truncated, no picture or too large, or the array has another type or shape.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _upright(source.copy())
    data, where = _content(source)
    if not data:
        raise UnreadableImageError(f"{where} is empty: copy the photo again")
    return _decode(data, where)


def resize_width(image, width, max_pixels):
    """Resize to a width in pixels, or less where the picture would hold more than ``max_pixels``.

    Returns
    -------
    resized : ndarray
    scale : float
        Resized pixels per original pixel.
    """
    height, own_width = image.shape[:2]
    scale = min(width / own_width, (max_pixels / (height * own_width)) ** 0.5)
    size = max(1, round(own_width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return (image if size == (own_width, height) else cv2.resize(image, size, interpolation=method)), scale


def list_photos(folder):
    """The photos in a folder and below, in natural order (``p2`` before ``p10``).

    Raises
    ------
    BadSettingError
        If it is no folder or holds no photo.
    """
    return [Path(folder).expanduser() / name for name in photo_names(folder)]


def photo_names(folder):
    """The same as texts, with ``/``, from the folder on: of very many photos they take less memory than paths."""
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise BadSettingError(f"{folder} is not a folder: give the folder in which the photos lie")
    found = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    if not found:
        raise BadSettingError(f"no photo in {folder}: looked for files ending in {', '.join(SUFFIXES)}")
    return sorted(found, key=natural_key)


def natural_key(text):
    """A sorting key under which the numbers in names count as numbers."""
    parts = re.split(r"(\d+)", str(text))  # text and digits in turns
    return [(int(part) if part.isdecimal() else part.casefold(), part) for part in parts]


def _content(source):
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "the photo (bytes)"
    if not isinstance(source, str | Path) and not hasattr(source, "__fspath__"):
        raise UnreadableImageError(f"a photo is a path, bytes, an array or a PIL.Image, not {type(source).__name__}")
    if str(source).lower().startswith(("http://", "https://", "ftp://")):
        raise UnreadableImageError(f"{source} is an address: download the photo and give the file; nothing is fetched here")
    path = Path(source).expanduser()
    if path.is_dir():
        raise UnreadableImageError(f"{path} is a folder: give one photo, or measure_cohort the folder")
    try:
        return path.read_bytes(), str(path)
    except FileNotFoundError as error:
        raise UnreadableImageError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise UnreadableImageError(f"{path} cannot be read: {error}") from error


def _from_array(array):
    if array.dtype != np.uint8:
        raise UnreadableImageError(f"pixels must be uint8, 0-255; these are {array.dtype}")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or 0 in array.shape:
        raise UnreadableImageError(f"pixels must have the shape (H, W), (H, W, 3) or (H, W, 4); these have {array.shape}")
    if array.ndim == 2 or array.shape[2] == 1:
        return cv2.cvtColor(np.ascontiguousarray(array), cv2.COLOR_GRAY2BGR)
    return np.ascontiguousarray(array[..., :3])


def _decode(data, where):
    """The pixels of a file's content, RGB, upright. Pillow raises an error where a file is cut off."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with Image.open(io.BytesIO(data)) as image:
            if (megapixels := image.width * image.height / 1e6) > MAX_MEGAPIXELS:
                raise UnreadableImageError(
                    f"{where} has {megapixels:.0f} megapixels, more than the {MAX_MEGAPIXELS} that are read: save it smaller"
                )
            return _upright(image)
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"{where} is not a picture of a known kind: export or save it as JPEG or PNG") from error
    except UnreadableImageError:
        raise
    except (OSError, ValueError, SyntaxError) as error:
        raise UnreadableImageError(f"{where} is damaged ({error}): copy the photo again") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _upright(image):
    """A Pillow image as pixels (H, W, 3) uint8, BGR, turned by its EXIF orientation."""
    image.load()
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):  # of unknown range: the brightest becomes white
        pixels = np.asarray(image, dtype=float)
        image = Image.fromarray((pixels / max(pixels.max(), 255) * 255).astype(np.uint8))
    ImageOps.exif_transpose(image, in_place=True)
    return cv2.cvtColor(np.asarray(image if image.mode == "RGB" else image.convert("RGB")), cv2.COLOR_RGB2BGR)

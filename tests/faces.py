"""A face drawn with numbers, for tests that need landmarks but no photo."""

import numpy as np

from bp_research.face import schemes

# A plain symmetric face about x = 0, in the 68-point numbering: the right half of the person, mirrored by the test.
_RIGHT_JAW = [(-70 + 4 * i * i / 4, -10 + 14 * i) for i in range(8)]


def symmetric_face():
    points = np.zeros((68, 2))
    points[0:8] = _RIGHT_JAW
    points[8] = (0, 110)
    points[17:22] = [(-60, -40), (-50, -50), (-40, -52), (-28, -50), (-16, -44)]
    points[27:31] = [(0, -25), (0, -10), (0, 5), (0, 20)]
    points[31:34] = [(-14, 28), (-7, 31), (0, 33)]
    points[36:42] = [(-48, -22), (-40, -28), (-30, -28), (-22, -21), (-30, -17), (-40, -17)]
    points[48:52] = [(-28, 60), (-18, 54), (-8, 50), (0, 53)]
    points[57:60] = [(0, 76), (-10, 74), (-20, 68)]
    points[60:63] = [(-22, 60), (-10, 58), (0, 59)]
    points[66:68] = [(0, 66), (-10, 65)]
    twin = schemes.MIRROR_68
    for i in range(68):
        if not points[i].any():
            points[i] = points[twin[i]] * [-1, 1]
    return points

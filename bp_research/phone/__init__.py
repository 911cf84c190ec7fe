"""A page that measures faces in the browser of a phone, with no server behind it: made from what the package knows."""

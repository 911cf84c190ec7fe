"""A face as numbers: landmark schemes, geometry, pictures, distances and features."""

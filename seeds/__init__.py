"""The embedded region Zhoushan: tables, parameters, the built GeoPackage and its builder."""

"""OpenStreetMap in: a complete region, or the roads of one, from an extract or from Overpass.

`geodata.osm.build` is the way in: `build.import_region` and `build.import_roads`.
`geodata.osm.fetch` downloads what the importer then reads. The other modules each read one kind of
feature; `geodata.osm.assumptions` holds every number that the map does not give.
"""

"""Reports for people: one HTML file each, readable without network, script or server."""

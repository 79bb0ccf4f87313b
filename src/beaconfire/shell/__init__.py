"""Doors and windows: loop, feeds, store, broker, links, gateway; the only room that touches the world."""

"""A plain text with a title, a byline and a date, of which tests make others."""

from __future__ import annotations

BREAD = """Bakers of Lindau return to stone ovens

By Mira Voss

Published 3 March 2026

Four bakeries in Lindau have gone back to stone ovens this spring, because gas has become dearer than wood.

"The crust is better, and so is the bill," said baker Oskar Lenz, whose family has baked in the town since 1911.

The town hall welcomed the change but asked the bakers to fire their ovens before dawn, when the air is calm.
"""

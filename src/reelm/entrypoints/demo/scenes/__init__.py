"""The drawn clips, a module per mood; `catalogue` lists them all.

Each scene is a factory: it gets the `Beat` of its track, prepares what never changes, and returns
`draw(stage, beat_number)`. Scenes think in beats, so every cut and gag lands on the music.
"""

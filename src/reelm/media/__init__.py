"""Media: from a stranger's upload to renditions that play.

Owns the sandbox, the probe, the encoder's plan and graph, renditions and their index, pictures, loudness,
sealed files, uploads and the serving of bytes. May import `accounts` and below. Must never open a
stranger's file outside the sandbox, let a person's text into a filter graph, or publish a box that is not
on `fragments`' list. The engine (everything but routes, service, repository and tasks) knows no database.
"""

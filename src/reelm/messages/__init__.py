"""Messages: devices, conversations, and the log of what people send each other, which the server can't read.

Owns the tables message_identities, devices, key_packages, conversations, conversation_members, messages, welcomes,
message_histories and message_settings.
May import: comments, clips, social, media, accounts, custody, realm, models, kit.
Must never: hold a key that opens a message, or a message's text; tell anybody who is not in a conversation of it.
"""

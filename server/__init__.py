"""The server room: bytes in, bytes out.

The way of a message: `listener` accepts, `greeting` does TLS, start-up packet and authentication,
then `connection` takes the transport over: `frames` cuts the bytes into messages, `messages` reads
their bodies, the engine's Session (gaveldb.engine.api) does the work and writes to an `output`
(`replies` knows the bytes), which goes to the transport once per turn.

Reading order: frames, messages, replies, output, connection; then startup, auth, tls, greeting,
listener, config, cli.
"""

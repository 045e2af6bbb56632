"""The portal's own pages: home, municipalities, texts, the desk's first page, marks, themes and health.

For residents (where do I begin?), staff (what waits for me?), the portal operator (is all well?) and
machines (is it alive, what may I index?). It owns no table and no workflow: municipalities belong to the
core, and what is new, what waits and what is counted comes from the other modules through the registry.
"""

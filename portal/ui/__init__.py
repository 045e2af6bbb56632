"""Floor 2: the look. Forms, request handling, the render calls, templates and the front end."""

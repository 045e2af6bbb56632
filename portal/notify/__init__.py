"""Messages to people: e-mail, SMS, letters to post and calls to make.

For every module that has something to tell, and for the staff who see how it fared. A use case writes one
row per recipient together with its job (`outbox.py`); the worker renders it in the recipient's language and
delivers it. A message is waiting, then sent, failed (tried again), dead, or done (a task ticked off).
"""

"""Residents' initiatives: what somebody says should change, carried to a decision in public.

Residents file (also through an operator), the monitoring team checks, studies purpose and feasibility and
recommends, a decision-maker decides with reasons; the author may appeal. States: draft → submitted →
published → assigned → purpose study → feasibility study → awaiting decision → adopted / partly / deferred
/ refused → planned → in progress → done, with returns, merges, transfers and withdrawal beside.
"""

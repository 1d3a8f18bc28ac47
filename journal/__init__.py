"""The journal room: the order of things.

A transaction asks for its commit (`pipeline.py`), the adjudicator decides (`adjudicator.py` over
`window.py`), the journal makes it durable (`log.py`, in the form of `records.py`), the crossbar
(`crossbar.py`) hands it to the local store and to other subscribers, in one total order by tau.
Keys and values are opaque bytes here. The door is `api.py`, what can go wrong is in `errors.py`.
Read api, records, log, adjudicator, crossbar, pipeline, in this order.
"""

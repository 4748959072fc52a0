"""Bounds, guards, orders: hands bytes to formats, facts to detectors, and collects what they say."""

"""Other people's events to our records: Segment's Ecommerce V2 (RudderStack, PostHog), GA4's, Snowplow's, and their field names.

Pure.  Our own records are the canonical form; only what does not decode as one is looked at here.
"""

"""The JSON interface for other programs: keys, webhooks, the OpenAPI document. Operations stand in each module."""

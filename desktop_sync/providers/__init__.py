"""Adapters to external systems, one package each, behind `core.provider_port`. `registry` finds them by name."""

"""A plan's writes: intent, request, answer, settlement, batch by batch; and the steps around them."""

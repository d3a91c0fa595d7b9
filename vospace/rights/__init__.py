"""Rights on nodes below ``/home``, and the rights that each operation needs."""

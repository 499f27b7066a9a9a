"""What the API does, a module a noun; the only place here that starts or updates workflows."""

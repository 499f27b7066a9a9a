"""The database: tables, migrations, queries; SQLite embedded, PostgreSQL in production."""

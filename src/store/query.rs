//! Queries of sqlx that answer with rows, whatever a row becomes: what [`super::Store`] can ask in one statement.

use sqlx::query::{QueryAs, QueryScalar};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{FromRow, Sqlite, SqliteConnection};

/// A statement that answers with rows.
pub(super) trait Rows {
    /// What a row becomes.
    type Row;

    /// Every row.
    fn all(
        self,
        connection: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;

    /// The first row.
    fn first(
        self,
        connection: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Option<Self::Row>, sqlx::Error>> + Send;
}

impl<R> Rows for QueryAs<'_, Sqlite, R, SqliteArguments>
where
    R: Send + Unpin + for<'r> FromRow<'r, SqliteRow>,
{
    type Row = R;

    async fn all(self, connection: &mut SqliteConnection) -> Result<Vec<R>, sqlx::Error> {
        self.fetch_all(connection).await
    }

    async fn first(self, connection: &mut SqliteConnection) -> Result<Option<R>, sqlx::Error> {
        self.fetch_optional(connection).await
    }
}

impl<T> Rows for QueryScalar<'_, Sqlite, T, SqliteArguments>
where
    T: Send + Unpin,
    (T,): for<'r> FromRow<'r, SqliteRow>,
{
    type Row = T;

    async fn all(self, connection: &mut SqliteConnection) -> Result<Vec<T>, sqlx::Error> {
        self.fetch_all(connection).await
    }

    async fn first(self, connection: &mut SqliteConnection) -> Result<Option<T>, sqlx::Error> {
        self.fetch_optional(connection).await
    }
}

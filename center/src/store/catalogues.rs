//! What each host can be asked for, as it told last. In: catalogues that were read. Out: the newest of a host.
//! Never: more than one for a host.

use oediag_protocol::{catalogue::Offer, id::HostId, time::Time};

use super::{Store, StoreError, on};

impl Store {
    /// Keeps a host's catalogue in the place of the one before; `text` is the bytes that the host sent.
    pub async fn keep_catalogue(&self, host: HostId, offer: &Offer, text: &str, now: Time) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO catalogues (host, version, offer, received) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (host) DO UPDATE SET version = $2, offer = $3, received = $4",
        )
        .bind(host.to_string())
        .bind(offer.version.as_str())
        .bind(text)
        .bind(now.0)
        .execute(&self.db)
        .await
        .map_err(on("keeping a host's catalogue"))?;
        Ok(())
    }

    /// A host's catalogue; none when it never sent one.
    pub async fn catalogue(&self, host: HostId) -> Result<Option<Offer>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as("SELECT offer FROM catalogues WHERE host = $1")
            .bind(host.to_string())
            .fetch_optional(&self.db)
            .await
            .map_err(on("reading a host's catalogue"))?;
        row.map(|(text,)| Offer::parse(text.as_bytes()).map_err(|_| StoreError::Row { table: "catalogues" })).transpose()
    }

    /// Whether a host ever sent its catalogue.
    pub async fn has_catalogue(&self, host: HostId) -> Result<bool, StoreError> {
        let row: Option<(i64,)> = sqlx::query_as("SELECT received FROM catalogues WHERE host = $1")
            .bind(host.to_string())
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for a host's catalogue"))?;
        Ok(row.is_some())
    }
}

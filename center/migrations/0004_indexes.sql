-- Counting a host's receipts, and finding those that ended, must not read the documents in every row.
CREATE INDEX receipts_by_host ON receipts (host, received);
CREATE INDEX receipts_by_end ON receipts (delete_by);
CREATE INDEX bundles_by_receipt ON bundles (tenant, receipt);

-- Since when a certificate that is due waits for somebody else to order it, or for this machine's turn to do so.
ALTER TABLE certificate ADD COLUMN waits_since INTEGER;

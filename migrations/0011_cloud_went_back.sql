-- What was not served goes back once: the fingerprint that the cloud resources of a check went back from.

ALTER TABLE delivery ADD COLUMN went_back TEXT;

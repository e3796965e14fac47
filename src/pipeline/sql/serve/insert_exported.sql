-- The rows of an export, with the parameters that UNLOAD could not bind.
-- Reads: what selected_metrics or selected_events reads. Writes: exported (temporary)
INSERT INTO exported
WITH ${selection}

SELECT
    ${columns}
FROM selected;

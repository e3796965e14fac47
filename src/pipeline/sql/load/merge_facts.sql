-- Facts enter or, calculated anew, take the place of the earlier ones.
-- Writes: facts_<type>. Reads: new_facts_<type> (temporary)
MERGE INTO ${table}
USING ${new}
    ON ${table}.event_key = ${new}.event_key
WHEN MATCHED THEN UPDATE SET ${assignments}
WHEN NOT MATCHED THEN INSERT (${columns}) VALUES (${values});

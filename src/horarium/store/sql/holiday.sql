-- name: holiday_calendars
SELECT name FROM holiday_calendar WHERE tenant = :tenant ORDER BY name

-- name: holidays
SELECT name, day, title FROM holiday WHERE tenant = :tenant ORDER BY name, day

-- name: put_holiday_calendar
INSERT INTO holiday_calendar (tenant, name) VALUES (:tenant, :name) ON CONFLICT (tenant, name) DO NOTHING

-- name: drop_holidays
DELETE FROM holiday WHERE tenant = :tenant AND name = :name AND day >= CAST(:today AS BIGINT)

-- name: add_holiday
INSERT INTO holiday (tenant, name, day, title) VALUES (:tenant, :name, :day, :title)

-- name: drop_all_holidays
DELETE FROM holiday WHERE tenant = :tenant AND name = :name

-- name: drop_holiday_calendar
DELETE FROM holiday_calendar WHERE tenant = :tenant AND name = :name

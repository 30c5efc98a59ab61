-- name: calendar_users
SELECT id, uri, kind, declared_in FROM calendar_user WHERE tenant = :tenant ORDER BY uri

-- name: add_calendar_user
INSERT INTO calendar_user (tenant, uri, kind, declared_in) VALUES (:tenant, :uri, :kind, :declared_in)
ON CONFLICT (tenant, uri) DO UPDATE SET declared_in = excluded.declared_in

-- name: drop_calendar_user
DELETE FROM calendar_user WHERE tenant = :tenant AND uri = :uri

-- name: all_preferences
SELECT owner, name, value, applied, place FROM preference WHERE tenant = :tenant ORDER BY owner, name

-- name: put_preference
INSERT INTO preference (tenant, owner, name, value, applied, place)
VALUES (:tenant, :owner, :name, :value, :applied, :place)
ON CONFLICT (tenant, owner, name) DO UPDATE SET
    value = excluded.value, applied = excluded.applied, place = excluded.place

-- name: drop_preference
DELETE FROM preference WHERE tenant = :tenant AND owner = :owner AND name = :name

-- name: drop_preferences
DELETE FROM preference WHERE tenant = :tenant AND owner = :owner

-- name: group_members
SELECT name, member FROM address_group WHERE tenant = :tenant ORDER BY name, position

-- name: add_group_member
INSERT INTO address_group (tenant, name, position, member) VALUES (:tenant, :name, :position, :member)

-- name: drop_group
DELETE FROM address_group WHERE tenant = :tenant AND name = :name

-- name: add_audit
INSERT INTO audit (tenant, at_s, actor, action, subject, before, after)
VALUES (:tenant, :at_s, :actor, :action, :subject, :before, :after)

-- name: future_bookings
SELECT COUNT(*) FROM booking_period
WHERE tenant = :tenant AND resource = :resource AND event_end_s > CAST(:now_s AS BIGINT)

-- name: forget_user_periods
DELETE FROM booking_period WHERE tenant = :tenant AND resource = :resource

-- name: forget_user_bookings
DELETE FROM booking WHERE tenant = :tenant AND resource = :resource

-- name: forget_user_objects
DELETE FROM calendar_object WHERE tenant = :tenant AND resource = :resource

-- name: forget_user_longest
DELETE FROM calendar_user_longest WHERE tenant = :tenant AND resource = :resource

-- name: forget_user_decisions
DELETE FROM decision WHERE tenant = :tenant AND resource = :resource

-- name: passed_piece
SELECT cursor FROM passed_piece WHERE name = :name

-- name: put_passed_piece
INSERT INTO passed_piece (name, cursor, done_s) VALUES (:name, :cursor, :done_s)
ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, done_s = excluded.done_s

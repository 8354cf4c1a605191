#!/usr/bin/env node
"use strict";
// JavaScript, because Node.js runs it before anything can translate TypeScript.
require("tsx/cjs");
require("./main");

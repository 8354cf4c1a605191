#!/usr/bin/env node
"use strict";
// JavaScript, because Node.js runs it before anything can translate TypeScript.
const path = require("node:path");
require("../compile/compiled").load(path.join(__dirname, "main.ts"));

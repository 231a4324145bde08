#!/usr/bin/env node
// npm links commands of workspaces only: with this, `npx tidemark` works in every folder of the clone.
import '../../bin/tidemark.js';

/**
 * Takes the backward arguments (`last`, `before`) out of every list. Cursors say what a page starts after; reading backwards would
 * need every list's query and index a second time, and nothing here asks for it.
 */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';

const pluginName = 'forwardLists';
export default pluginName;

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      forwardLists: ForwardListsPlugin<Types>;
    }
  }
}

class ForwardListsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    if (!('last' in field.args && 'before' in field.args)) return field;
    const { last: _last, before: _before, ...args } = field.args;
    return { ...field, args };
  }
}

SchemaBuilder.registerPlugin(pluginName, ForwardListsPlugin);

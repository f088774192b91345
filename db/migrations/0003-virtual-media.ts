/** Version 3: the image library, and which image is in which node's virtual drive. */
import type { Knex } from "knex";
import type { SchemaTypes } from "./migration.ts";

export async function virtualMedia(knex: Knex, { text }: SchemaTypes): Promise<void> {
  await knex.schema.createTable("images", (table) => {
    table.specificType("uuid", text).notNullable();
    table.specificType("name", text).notNullable();
    table.specificType("project_id", text);
    table.specificType("user_id", text);
    table.boolean("public").notNullable();
    table.specificType("state", text).notNullable();
    table.specificType("source", text);
    table.specificType("sha256", text);
    table.bigInteger("size_bytes").notNullable();
    table.bigInteger("total_bytes");
    /* What counts against the library's size: the file, or what is coming. */
    table.bigInteger("reserved_bytes").notNullable();
    table.specificType("format", text);
    table.specificType("error", text);
    table.bigInteger("created_at").notNullable();
    table.bigInteger("updated_at").notNullable();

    table.primary(["uuid"], "images_primary");
    table.index(["name"], "images_name_index");
  });
  await knex.schema.createTable("node_media", (table) => {
    table.specificType("node_uuid", text).notNullable();
    table.specificType("device_type", text).notNullable();
    table.specificType("via", text).notNullable();
    table.specificType("image_uuid", text);
    table.specificType("image_url", text);
    table.specificType("grant_id", text).notNullable();
    table.specificType("state", text).notNullable();
    table.specificType("eject_on", text).notNullable();
    table.specificType("addresses", text);
    table.specificType("user_id", text);
    table.specificType("project_id", text);
    table.bigInteger("attached_at").notNullable();
    table.bigInteger("expires_at");
    table.bigInteger("retry_at");
    table.specificType("error", text);
    table.bigInteger("served_bytes").notNullable();
    table.bigInteger("served_at");

    table.primary(["node_uuid", "device_type"], "node_media_primary");
    table.unique(["grant_id"], { indexName: "node_media_grant_id_unique" });
    table.index(["image_uuid"], "node_media_image_uuid_index");
    table
      .foreign(["image_uuid"], "node_media_image_uuid_foreign")
      .references(["uuid"])
      .inTable("images");
    table
      .foreign(["node_uuid"], "node_media_node_uuid_foreign")
      .references(["uuid"])
      .inTable("nodes");
  });
}

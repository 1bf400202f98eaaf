// Output-stationary R x C systolic array, own reference design, under the licence of this project.
//  west: R lanes (column k of A tile), row r skewed r cycles;  north: C lanes (row k of B tile), col c skewed c.
//  control {m_valid,m_sel,m_first} enters with the operands at PE(0,0) and travels on the r+c wavefront.
//  two accumulators per PE.  Drain:
//    SKEW=1 wavefront drain: R drain slots, PE: o_q<=acc[dsel]; acc[dsel]<=o_in. bottom o_q is the output register.
//    SKEW=0 broadside drain: global shift-down of acc[dsel]; bottom acc goes through ONE output register (o_q).
module sa_os #(parameter R=4, C=4, SKEW=1)(
  input clk, input rst,
  input m_valid, input m_sel, input m_first, input [1023:0] a_in, input [1023:0] w_in,
  input d_valid, input d_sel,
  output [1023:0] y_out, output [31:0] y_valid);
  wire signed [7:0] a_west[0:R-1]; wire signed [7:0] w_north[0:C-1]; wire [4:0] c_north[0:C-1];
  genvar i,j;
  generate
   for(i=0;i<R;i=i+1) begin:gs
     reg [7:0] sk[0:i]; integer q;
     always @(posedge clk) if(rst) for(q=0;q<=i;q=q+1) sk[q]<=0; else begin sk[0]<=a_in[32*i +:8]; for(q=1;q<=i;q=q+1) sk[q]<=sk[q-1]; end
     assign a_west[i] = (i==0)? a_in[32*i +:8] : sk[(i==0)?0:i-1];
   end
   for(j=0;j<C;j=j+1) begin:gn
     reg [12:0] sk[0:j]; integer q;
     wire [12:0] in = {m_valid,m_sel,m_first,d_valid,d_sel,w_in[32*j +:8]};
     always @(posedge clk) if(rst) for(q=0;q<=j;q=q+1) sk[q]<=0; else begin sk[0]<=in; for(q=1;q<=j;q=q+1) sk[q]<=sk[q-1]; end
     wire [12:0] v = (j==0)? in : sk[(j==0)?0:j-1];
     assign w_north[j]=v[7:0]; assign c_north[j]=v[12:8];
   end
  endgenerate
  reg signed [7:0] a_q[0:R-1][0:C-1]; reg signed [7:0] b_q[0:R-1][0:C-1]; reg [4:0] c_q[0:R-1][0:C-1];
  reg signed [31:0] acc0[0:R-1][0:C-1]; reg signed [31:0] acc1[0:R-1][0:C-1]; reg signed [31:0] o_q[0:R-1][0:C-1];
  reg ov_q;
  generate
   for(i=0;i<R;i=i+1) for(j=0;j<C;j=j+1) begin:pe
     wire signed [7:0] a = (j==0)? a_west[i] : a_q[i][(j==0)?0:j-1];
     wire signed [7:0] b = (i==0)? w_north[j]: b_q[(i==0)?0:i-1][j];
     wire [4:0] c = (i==0)? c_north[j] : c_q[(i==0)?0:i-1][j];
     wire mv=c[4], ms=c[3], mf=c[2];
     wire dv=(SKEW==1)?c[1]:d_valid; wire ds=(SKEW==1)?c[0]:d_sel;
     wire signed [31:0] oin = (i==0)? 32'sd0 : (SKEW==1)? o_q[(i==0)?0:i-1][j] : (ds? acc1[(i==0)?0:i-1][j] : acc0[(i==0)?0:i-1][j]);
     always @(posedge clk) begin
       if(rst) begin a_q[i][j]<=0; b_q[i][j]<=0; c_q[i][j]<=0; acc0[i][j]<=0; acc1[i][j]<=0; o_q[i][j]<=0; end
       else begin
         a_q[i][j]<=a; b_q[i][j]<=b; c_q[i][j]<=c;
         if(dv) begin o_q[i][j]<= ds? acc1[i][j]:acc0[i][j]; if(ds) acc1[i][j]<=oin; else acc0[i][j]<=oin; end
         if(mv) begin if(ms) acc1[i][j]<=(mf?32'sd0:acc1[i][j])+a*b; else acc0[i][j]<=(mf?32'sd0:acc0[i][j])+a*b; end
       end
     end
   end
   always @(posedge clk) ov_q <= rst ? 1'b0 : d_valid;
   for(j=0;j<32;j=j+1) begin:go
     if(j<C) begin assign y_out[32*j +:32]=o_q[R-1][j]; assign y_valid[j]=(SKEW==1)? c_q[R-1][j][1] : ov_q; end
     else begin assign y_out[32*j +:32]=0; assign y_valid[j]=0; end
   end
  endgenerate
endmodule
